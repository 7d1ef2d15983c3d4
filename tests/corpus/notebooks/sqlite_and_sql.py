# %% [markdown]
# # A database
# %%
import sqlite3
import pandas as pd
con = sqlite3.connect("shop.db")
con.executescript("drop table if exists item; create table item (name text, price real);")
# %% [markdown]
# ## Fill
# %%
items = [("tea", 3.5), ("pot", 20.0), ("cup", 4.25)]
with con:
    con.executemany("insert into item values (?, ?)", items)
# %% [markdown]
# ## Ask
# %% tags=["keep"]
prices = pd.read_sql_query("select * from item order by price", con)
con.close()
import duckdb
dear = duckdb.sql("select name from prices where price > 4").df()
names = dear["name"].tolist()
print(names)
