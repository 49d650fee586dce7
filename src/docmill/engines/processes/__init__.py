"""Worker processes: ``pool`` and ``worker_process`` are on the host's side, ``worker`` is the other side."""
