"""From MQTT to durable, and the acknowledgement back."""
