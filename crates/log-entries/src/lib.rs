//! Lines that workers produced: from Kafka into Postgres, and a run's lines out of it.
