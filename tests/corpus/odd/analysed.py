# ==== pylab
# %%
%pylab inline
# %%
x = linspace(0, 1, 10)
plot(x, sin(x))
savefig('a.png')

# ==== user ns
# %%
get_ipython().user_ns['z'] = 3
# %%
print(z)

# ==== push
# %%
ip = get_ipython()
ip.push({'z': 3})
# %%
print(z)

# ==== run py
# %%
%run helper.py
# %%
print(double(3))

# ==== run nb
# %%
%run ./setup.ipynb
# %%
print(double(3))

# ==== store
# %%
%store -r data
# %%
print(data)

# ==== load ext binds
# %%
%load_ext some_ext
# %%
print(1)

# ==== sql
# %%
%load_ext sql
# %%
result = %sql select * from t
# %%
df = result.DataFrame()
df

# ==== sqlcell
# %%
%%sql result <<
select * from t
# %%
result

# ==== R
# %%
%load_ext rpy2.ipython
# %%
%%R -i df -o out
out <- df
# %%
print(out)

# ==== help
# %%
import os
os?
# %%
os??
# %%
?os.path
# %%
print(os.getcwd())

# ==== shellassign
# %%
files = !ls
# %%
print(files)

# ==== shellmulti
# %%
!ls \
 -l
print(1)

# ==== shellindent
# %%
for i in range(2):
    !echo {i}

# ==== magicindent
# %%
if True:
    %timeit x = 1

# ==== magic assign
# %%
t = %timeit -o sum(range(10))
# %%
print(t.best)

# ==== timeit cell
# %%
n = 3
# %%
%%timeit -n 2
sum(range(n))

# ==== timeit setup
# %%
%%timeit x = 4
x + 1

# ==== capture
# %%
%%capture out
print(1)
# %%
out.show()
print(out.stdout)

# ==== bash
# %%
%%bash
echo hi > f.txt
# %%
print(open('f.txt').read())

# ==== bashout
# %%
%%bash --out r --err e
echo hi
# %%
print(r)

# ==== writefile
# %%
%%writefile mod.py
def f(): return 1
# %%
import mod
print(mod.f())

# ==== writefile star
# %%
%%writefile mod.py
def f(): return 1
# %%
from mod import *
print(f())

# ==== writefile run
# %%
%%writefile s.py
v = 1
# %%
%run s.py
# %%
print(v)

# ==== writefile shell
# %%
%%writefile s.py
print(1)
# %%
!python s.py > out.txt
# %%
print(open('out.txt').read())

# ==== html
# %%
%%html
<b>x</b>

# ==== js
# %%
%%javascript
alert(1)

# ==== latex
# %%
%%latex
$x$

# ==== unknownmagic
# %%
%%foo bar
what ever ! this is
# %%
print(1)

# ==== percent space
# %%
% matplotlib inline
print(1)

# ==== percentpercent comment
# %%
# comment
%%time
x = 1
print(x)

# ==== underscore
# %%
1 + 1
# %%
print(_)
# %%
print(_1, Out[1], In[0])

# ==== dunder
# %%
print(__name__)
# %%
print(__builtins__)

# ==== file
# %%
import os
try:
    here = os.path.dirname(__file__)
except NameError:
    here = '.'
print(here)

# ==== async
# %%
import asyncio
async def f():
    await asyncio.sleep(0)
    return 1
# %%
r = await f()
rs = [await f() for _ in range(2)]
# %%
async def agen():
    yield 1
async for v in agen():
    print(v, r)
out = [v async for v in agen()]

# ==== monkey2
# %%
import json
_old = json.dumps
def dumps(*a, **k):
    return 'X' + _old(*a, **k)
json.dumps = dumps
# %%
print(json.dumps({}))

# ==== envmagic
# %%
%env K=2
# %%
import os
print(os.environ.get('K'))

# ==== syspath
# %%
import sys
sys.path.append('lib')
# %%
import helper2
print(helper2)

# ==== input
# %%
name = input('who? ')
# %%
print(name)

# ==== getpass
# %%
import getpass
pw = getpass.getpass()
# %%
print(len(pw))

# ==== browser
# %%
import webbrowser
webbrowser.open('http://127.0.0.1:1')
# %%
x = 1
print(x)

# ==== widgets
# %%
import ipywidgets as w
sl = w.IntSlider(value=3)
sl
# %%
print(sl.value)

# ==== interact
# %%
from ipywidgets import interact
@interact(x=(0, 10))
def f(x=3):
    return x * 2
# %%
print(f(1))

# ==== tqdm
# %%
from tqdm.notebook import tqdm
acc = 0
for i in tqdm(range(3)):
    acc += i
# %%
print(acc)

# ==== colab
# %%
try:
    import google.colab
    IN_COLAB = True
except:
    IN_COLAB = False
if IN_COLAB:
    !pip install foo
    from google.colab import drive
    drive.mount('/x')
# %%
print(IN_COLAB)

# ==== excepterr
# %%
1/0
# %%
print(1)

# ==== query at
# %%
import pandas as pd
limit = 1
df = pd.DataFrame({'a': [1, 2]})
# %%
print(df.query('a > @limit'))

# ==== duckdb
# %%
import duckdb, pandas as pd
df = pd.DataFrame({'a': [1]})
# %%
r = duckdb.sql('select * from df').df()
# %%
print(r)

# ==== thread
# %%
import threading
res = []
t = threading.Thread(target=lambda: res.append(1))
t.start(); t.join()
# %%
print(res)

# ==== prompt
# %%
>>> x = 1
>>> print(x)
# %%
In [1]: y = 2

# ==== multiline str
# %%
q = '''
%%not magic
!not shell
'''
# %%
print(q)

# ==== autocall
# %%
%autocall 1
# %%
print (1)

# ==== exit
# %%
x = 1
print(x)
# %%
exit()

# ==== quit
# %%
x = 1
print(x)
# %%
quit

# ==== sysexit
# %%
import sys
x = 1
print(x)
# %%
sys.exit(0)

# ==== tempfile
# %%
import tempfile, os
d = tempfile.mkdtemp()
p = os.path.join(d, 'x')
open(p, 'w').write('1')
# %%
print(open(p).read())

# ==== chdir
# %%
import os
os.makedirs('sub', exist_ok=True)
os.chdir('sub')
open('x.txt', 'w').write('1')
# %%
print(open('x.txt').read())

# ==== display
# %%
from IPython.display import display, HTML, clear_output
display(HTML('<b>'))
clear_output(wait=True)
# %%
x = 1
display(x)

# ==== htmlstyle
# %%
from IPython.core.display import HTML
HTML('<style>')

# ==== interactiveshell
# %%
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.ast_node_interactivity = 'all'
# %%
1
2

# ==== weakref
# %%
import weakref
class A: pass
a = A()
r = weakref.ref(a)
# %%
print(r() is a)

# ==== signal
# %%
import signal
old = signal.signal(signal.SIGALRM, lambda *a: None)
# %%
print(1)

# ==== time
# %%
import time
t0 = time.time()
# %%
print(time.time() - t0)

# ==== uuid
# %%
import uuid
u = uuid.uuid4()
# %%
print(u)

# ==== secrets
# %%
import secrets
t = secrets.token_hex(4)
# %%
print(t)

# ==== requests
# %%
import requests
r = requests.get('http://127.0.0.1:9')
# %%
print(r.status_code)

# ==== torch
# %%
import torch
import torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(2, 1)
    def forward(self, x): return self.l(x)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=.1)
# %%
for i in range(2):
    opt.zero_grad()
    loss = net(torch.rand(3, 2)).sum()
    loss.backward()
    opt.step()
# %%
print(net.l.weight)

# ==== keras
# %%
from tensorflow import keras
m = keras.Sequential([keras.layers.Dense(1)])
m.compile('adam', 'mse')
# %%
h = m.fit([[1]], [1])
# %%
print(h.history)

# ==== plotly
# %%
import plotly.express as px
fig = px.scatter(x=[1], y=[2])
fig.update_layout(title='x')
# %%
fig.show()

# ==== spark
# %%
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
df = spark.read.csv('x.csv')
# %%
df.show()

# ==== nbextension
# %%
%load_ext autoreload
%autoreload 2
%config InlineBackend.figure_format = 'retina'
# %%
print(1)

# ==== line magic in fn
# %%
def f():
    %time y = 1
    return y
# %%
print(f())

# ==== cellmagic prefix space
# %%
%%time
x = 1
# %%
print(x)

# ==== cd
# %%
%cd /tmp
# %%
!pwd

# ==== mkdir
# %%
!mkdir -p out
# %%
open('out/x', 'w').write('1')
# %%
print(open('out/x').read())

# ==== wget
# %%
!wget -q http://127.0.0.1:9/x.csv
# %%
import pandas as pd
df = pd.read_csv('x.csv')
print(df)

# ==== unzip
# %%
!unzip -o a.zip
# %%
import pandas as pd
df = pd.read_csv('x.csv')
print(df)

# ==== git
# %%
!git clone http://127.0.0.1:9/repo
%cd repo
# %%
from repo_mod import *
thing()

# ==== magicfn
# %%
from IPython.core.magic import register_line_magic
@register_line_magic
def hello(line):
    return line
# %%
x = %hello world
# %%
print(x)

# ==== getpython magic
# %%
get_ipython().run_line_magic('matplotlib', 'inline')
get_ipython().magic('load_ext autoreload')
get_ipython().system('ls')
# %%
print(1)

# ==== nb question
# %%
from math import sqrt
sqrt?
# %%
print(sqrt(4))

# ==== dollar
# %%
x = 'a b'
!echo $x > f.txt
# %%
print(open('f.txt').read())

# ==== shellin expr
# %%
x = !echo 1
n = len(x)
# %%
print(n)

# ==== timeline
# %%
%time x = 5
# %%
print(x)

# ==== prunline
# %%
%prun -q x = 5
# %%
print(1)

# ==== multi magics
# %%
%%time
%%capture cap
x = 1
# %%
print(x)
cap.show()

# ==== dirloop
# %%
import math
for n in dir(math):
    globals()[n] = getattr(math, n)
# %%
print(sin(0))
