"""Parts of ``bench_soak``: a day of traffic on a clock of its own, and what is measured of it."""
