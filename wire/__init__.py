"""The contract between station and gateway; imports none of ours."""
