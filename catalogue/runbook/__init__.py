"""Rules as pages for people, in Chinese and English."""
