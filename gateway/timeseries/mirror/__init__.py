"""The mirror: what the store of record has, in an InfluxDB for Grafana and other readers."""
