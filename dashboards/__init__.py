"""Grafana as code: what each dashboard asks and shows, in Chinese and in English."""
