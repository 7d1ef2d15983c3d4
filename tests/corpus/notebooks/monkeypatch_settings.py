# %% [markdown]
# # Patches, settings, logging
# %%
import json, logging, warnings
import pandas as pd
import numpy as np
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("corpus")
log.setLevel(logging.DEBUG)
warnings.simplefilter("error")
pd.set_option("display.precision", 2)
np.set_printoptions(precision=3)
_dumps = json.dumps
def dumps(value, **kwargs):
    return _dumps(value, sort_keys=True, **kwargs)
json.dumps = dumps
pd.DataFrame.total = lambda self: float(self.to_numpy().sum())
# %% [markdown]
# ## Use them
# %%
import json
text = json.dumps({"b": 1, "a": 2})
table = pd.DataFrame({"x": [1.23456, 2.0]})
total = table.total()
# %% [markdown]
# ## And again
# %%
import pandas as pd
again = json.dumps({"z": 0, "y": 1})
shown = str(pd.DataFrame({"x": [1.23456]})).split()[-1]
try:
    warnings.warn("careful")
    caught = False
except UserWarning:
    caught = True
level = logging.getLogger("corpus").level
log.info("done")
print(text, again, shown, caught, total, level)
