# %% [markdown]
# # Files between cells
# %%
import json, pickle, csv
from pathlib import Path
import numpy as np
import pandas as pd
OUT = Path("work")
OUT.mkdir(exist_ok=True)
# %% [markdown]
# ## Write
# %%
frame = pd.DataFrame({"a": range(5), "b": list("vwxyz")})
frame.to_csv(OUT / "frame.csv", index=False)
np.save(OUT / "array.npy", np.arange(6).reshape(2, 3))
with open(OUT / "meta.json", "w") as f:
    json.dump({"rows": len(frame)}, f)
for i in range(3):
    (OUT / f"part-{i}.txt").write_text(str(i * 10))
with (OUT / "rows.csv").open("w", newline="") as f:
    writer = csv.writer(f)
    writer.writerows([[1, 2], [3, 4]])
# %% [markdown]
# ## Read
# %%
back = pd.read_csv(OUT / "frame.csv")
array = np.load(OUT / "array.npy")
meta = json.load(open(OUT / "meta.json"))
parts = [int(p.read_text()) for p in sorted(OUT.glob("part-*.txt"))]
rows = [list(map(int, r)) for r in csv.reader(open(OUT / "rows.csv"))]
# %%
summary = {"sum": int(array.sum()), "rows": meta["rows"], "parts": parts, "cells": rows, "b": "".join(back.b)}
with open("summary.json", "w") as f:
    json.dump(summary, f)
summary
