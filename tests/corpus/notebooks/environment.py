# %% [markdown]
# # The environment
# %%
import os
os.environ["APP_MODE"] = "test"
%env APP_LEVEL=3
os.environ.setdefault("APP_NAME", "demo")
# %%
from os import environ
environ["APP_EXTRA"] = "x" * 3
# %% [markdown]
# ## Derived
# %%
prefix = "APP"
settings = {}
for key in ("MODE", "LEVEL", "NAME", "EXTRA"):
    settings[key] = os.getenv(f"{prefix}_{key}")
# %% [markdown]
# ## Read in a child
# %%
import subprocess, sys, os
child = subprocess.run([sys.executable, "-c", "import os; print(os.environ['APP_LEVEL'], os.environ['APP_EXTRA'])"],
                       capture_output=True, text=True)
seen = child.stdout.strip()
print(settings, seen)
