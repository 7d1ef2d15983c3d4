# %% [markdown]
# # Somebody has to type
# %%
import webbrowser
webbrowser.open("http://127.0.0.1:9/")
# %% [markdown]
# ## Ask
# %%
name = input("Your name? ")
# %% [markdown]
# ## Greet
# %%
greeting = f"Hello {name}"
print(greeting)
