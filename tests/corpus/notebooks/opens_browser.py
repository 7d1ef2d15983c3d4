# %% [markdown]
# # Shows a page
# %%
import webbrowser
import os
os.environ["BROWSER"] = "true"
address = "http://127.0.0.1:9/"
# %%
webbrowser.open(address)
# %% [markdown]
# ## Compute
# %%
parts = address.split("/")
host = parts[2]
# %% [markdown]
# ## Port
# %%
port = int(host.rpartition(":")[2])
port
