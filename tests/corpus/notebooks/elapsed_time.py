# %% [markdown]
# # How long does it take?
# %%
import time
from datetime import datetime
started = time.time()
stamp = datetime.now()
# %% [markdown]
# ## Work
# %%
primes = [n for n in range(2, 300) if all(n % d for d in range(2, int(n ** .5) + 1))]
# %% [markdown]
# ## Report
# %%
took = time.time() - started
count = len(primes)
print(f"{count} primes in {took:.3f} s")
