"""`make bench`: a2a beside a bare aiohttp relay, in one run, interleaved. Prints ratios, asserts nothing.

upstream.py answers, bare.py (with converter.py) and `a2a serve` relay, load.py asks, processes.py starts them and reads
their CPU and memory, measures.py says what is counted, run.py takes turns and prints the table. What is counted is the
CPU seconds of the relaying process with all its threads: on a small machine the generator tires before the relay does.
All traffic stays on 127.0.0.1. Linux only (/proc).
"""
