# %% [markdown]
# # Names that only execution tells
# %%
code = "made = [1, 2]"
exec(code)
for name, value in [("alpha", 1), ("beta", 2)]:
    globals()[name] = value
# %% [markdown]
# ## Use
# %%
made.append(alpha + beta)
text = eval("made + [alpha]")
# %% [markdown]
# ## Describe
# %%
kind = "{alpha}-{beta}".format(**globals())
ready = "made" in globals()
if "gamma" not in globals():
    gamma = 7
print(text, kind, ready, gamma)
