# %% [markdown]
# # Await at top level
# %%
import asyncio
results = {}

async def fetch(name, delay):
    await asyncio.sleep(delay / 100)
    results[name] = delay
    return name

class Session:
    async def __aenter__(self):
        self.open = True
        return self
    async def __aexit__(self, *exc):
        self.open = False

async def ticker(n):
    for i in range(n):
        yield i
# %% [markdown]
# ## Fetch
# %%
names = await asyncio.gather(*(fetch(n, d) for n, d in [("a", 3), ("b", 1)]))
async with Session() as session:
    was_open = session.open
# %% [markdown]
# ## Count
# %%
ticks = [t async for t in ticker(4)]
async for t in ticker(2):
    results[t] = t
# %%
summary = (names, sorted(map(str, results)), sum(ticks), was_open)
print(summary)
