"""Where a difference comes from: its steps, its questions, its documents."""
