"""What we know of other people's functions and methods: which change their receiver, and what they return.

An unknown method may change its receiver and keep its arguments; an unknown function changes none of its
arguments but may keep them in what it returns. The tables below say where we know better.
"""

from __future__ import annotations

from nbmlops.lib.words import words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FRESH_METHODS = _words(
    """copy mean median mode sum prod min max std var sem count nunique unique value_counts describe info
    corr cov skew kurt quantile cumsum cumprod cummax cummin abs round rank diff shift pct_change isna
    isnull notna notnull isin duplicated drop_duplicates drop dropna fillna replace rename rename_axis
    sort_values sort_index reset_index set_index reindex assign astype convert_dtypes infer_objects
    merge join melt pivot pivot_table stack unstack explode clip where mask query eval sample nlargest
    nsmallest add_prefix add_suffix get_dummies to_dict to_list tolist to_string to_html to_markdown
    to_records to_frame to_period to_timestamp to_datetime interpolate ffill bfill agg aggregate
    transform apply map applymap crosstab between  memory_usage equals empty idxmax idxmin argmax
    argmin argsort all any dot item flatten nonzero searchsorted  conj trace tobytes hexdigest
    digest predict predict_proba predict_log_proba decision_function score score_samples get_params
    get_feature_names_out inverse_transform cost_complexity_pruning_path staged_predict kneighbors
    format upper lower title capitalize strip lstrip rstrip startswith endswith split rsplit splitlines
    partition encode decode find rfind index isdigit isalpha isalnum isnumeric isspace zfill center
    ljust rjust casefold swapcase strftime isoformat total_seconds timestamp date time weekday exists
    is_file is_dir as_posix with_suffix with_name absolute resolve read_text read_bytes stat relative_to
    bit_length is_integer hex issubset issuperset isdisjoint union intersection difference
    symmetric_difference most_common elements numpy detach cpu size dim numel type_as get_support
    get_depth get_n_leaves summary  nbytes  cat contains extract findall fullmatch
    match len normalize tz_localize tz_convert to_csv to_json to_parquet to_pickle to_excel to_sql
    to_feather to_hdf to_latex to_clipboard savefig write_text write_bytes save_model mkdir rmdir unlink
    touch is_fitted state_dict  """
)
"""Change nothing, and return something that shares nothing with the receiver."""

VIEW_METHODS = _words(
    """head tail get items keys values iterrows itertuples groupby rolling expanding ewm resample filter
    select_dtypes squeeze reshape ravel transpose swapaxes view to_numpy loc iloc xs take T first last
    nth get_group pipe parameters named_parameters modules children named_children glob rglob iterdir
    joinpath get_figure get_axes  named_steps get_booster best_estimator diagonal nlevels"""
)
"""Change nothing, and return something that may share objects with the receiver."""

ARRAY_VIEWS = _words("reshape ravel transpose swapaxes view squeeze diagonal")
CONTAINER_MUTATORS = _words(
    """append extend insert add update setdefault pop popitem remove discard clear sort reverse appendleft
    extendleft popleft rotate subtract intersection_update difference_update symmetric_difference_update
    move_to_end __setitem__ __delitem__"""
)
"""Change the receiver itself, not what it holds; they may keep their arguments in it."""

FIT_METHODS = _words("fit partial_fit fit_predict train_on_batch fit_generator backward fit_resample")
"""Change the receiver and return it, or a fresh result; they keep no argument that anybody changes later."""

TRANSFORM_FITS = _words("fit_transform")
TRANSFORMS = _words("transform")
"""Fresh results; `fit_transform` also changes the receiver."""

PREPARING = (
    "sklearn.preprocessing.",
    "sklearn.impute.",
    "sklearn.feature_extraction.",
    "sklearn.feature_selection.",
)
"""Fitting one of these makes no model."""

TRAIN_FUNCTIONS = _words("xgboost.train lightgbm.train xgboost.cv lightgbm.cv statsmodels.formula.api.ols")

MUTATING_FUNCTIONS: dict[str, tuple[int, ...]] = {
    "random.shuffle": (0,),
    "numpy.random.shuffle": (0,),
    "heapq.heappush": (0,),
    "heapq.heappop": (0,),
    "heapq.heapify": (0,),
    "heapq.heappushpop": (0,),
    "heapq.heapreplace": (0,),
    "bisect.insort": (0,),
    "bisect.insort_left": (0,),
    "bisect.insort_right": (0,),
    "numpy.put": (0,),
    "numpy.place": (0,),
    "numpy.copyto": (0,),
    "numpy.putmask": (0,),
    "numpy.fill_diagonal": (0,),
    "numpy.put_along_axis": (0,),
    "numpy.add.at": (0,),
    "numpy.subtract.at": (0,),
    "numpy.multiply.at": (0,),
    "numpy.maximum.at": (0,),
    "numpy.minimum.at": (0,),
    "setattr": (0,),
    "delattr": (0,),
    "next": (0,),
    "operator.setitem": (0,),
    "operator.delitem": (0,),
    "operator.iadd": (0,),
    "json.dump": (1,),
    "pickle.dump": (1,),
    "yaml.dump": (1,),
    "yaml.safe_dump": (1,),
}
"""Library functions that change an argument, by position."""

STORING_FUNCTIONS = frozenset({"heapq.heappush", "bisect.insort", "setattr", "operator.setitem", "operator.iadd"})

SHARING_BUILTINS = _words(
    """list tuple set frozenset dict sorted reversed zip enumerate filter map iter next getattr vars min
    max sum  """
)
"""Their results hold the objects of their arguments."""

LAZY_BUILTINS = _words("zip map filter iter reversed enumerate")
"""Iterators: used up by reading, and not to be handed over."""

FRESH_PACKAGES = (
    "math.",
    "statistics.",
    "json.",
    "os.",
    "time.",
    "datetime.",
    "re.",
    "sys.",
    "hashlib.",
    "glob.",
    "scipy.",
    "platform.",
    "random.",
    "string.",
    "textwrap.",
    "warnings.",
    "csv.",
    "shutil.",
    "uuid.",
    "pathlib.",
    "decimal.",
    "fractions.",
    "pickle.",
    "joblib.load",
    "gc.",
    "locale.",
    "base64.",
)
FRESH_PANDAS_EXCEPTIONS = _words("DataFrame Series Index concat")
SHARING_NUMPY = _words(
    """asarray asanyarray ascontiguousarray ravel reshape squeeze transpose atleast_1d atleast_2d
    atleast_3d broadcast_to swapaxes moveaxis split array_split hsplit vsplit diag expand_dims nditer
    flip fliplr flipud rot90 frombuffer"""
)
SHARING_SKLEARN = _words("make_pipeline make_union make_column_transformer")

IMMUTABLE_RESULTS = _words(
    """len int float str bool bytes complex abs round hash ord chr repr isinstance issubclass callable any
    all pow format bin hex oct id divmod range hasattr input type print
    datetime.date datetime.datetime datetime.time datetime.timedelta datetime.date.today datetime.datetime.now
    datetime.date.fromisoformat datetime.datetime.fromisoformat datetime.datetime.strptime
    pandas.Timestamp pandas.Timedelta"""
)

ASKING = frozenset({"input", "getpass.getpass", "sys.stdin.readline", "sys.stdin.read"})
BROWSERS = frozenset({"webbrowser.open", "webbrowser.open_new", "webbrowser.open_new_tab"})

SETTING_FUNCTIONS = frozenset(
    {
        "pandas.set_option",
        "pandas.reset_option",
        "numpy.set_printoptions",
        "numpy.seterr",
        "numpy.errstate",
        "warnings.filterwarnings",
        "warnings.simplefilter",
        "sklearn.set_config",
        "seaborn.set",
        "seaborn.set_theme",
        "seaborn.set_style",
        "seaborn.set_context",
        "seaborn.set_palette",
        "logging.basicConfig",
        "mlflow.set_tracking_uri",
        "mlflow.set_experiment",
        "mlflow.autolog",
        "mlflow.sklearn.autolog",
        "mlflow.set_registry_uri",
        "sys.path.append",
        "sys.path.insert",
        "sys.path.extend",
        "sys.setrecursionlimit",
        "os.environ.setdefault",
        "os.environ.update",
        "os.environ.pop",
        "os.putenv",
        "torch.set_num_threads",
        "torch.set_default_dtype",
        "torch.use_deterministic_algorithms",
        "pandas.plotting.register_matplotlib_converters",
        "matplotlib.use",
        "tqdm.tqdm.pandas",
        "tqdm.auto.tqdm.pandas",
        "tqdm.notebook.tqdm.pandas",
        "locale.setlocale",
        "decimal.getcontext",
        "pandas.options",
    }
)
"""Change the state of the module that holds them."""
HANDLES = frozenset({"logging.getLogger", "decimal.getcontext"})
"""They give what the process has one of: asked for again in each step, never handed over."""
HANDLE_SETTERS = _words("setLevel addHandler removeHandler addFilter removeFilter")
PROCESS_WIDE = frozenset({"os", "sys", "warnings", "logging", "locale", "decimal", "IPython"})
"""Their state matters to all that follows, whether or not it names them."""
WORKING_FOLDER = "working folder"
WORKING_FOLDER_FUNCTIONS = frozenset({"os.chdir"})

LOGGING_FUNCTIONS = _words(
    """log_metric log_metrics log_param log_params log_artifact log_artifacts log_model log_figure log_dict
    log_text log_image log_table log_input log_inputs set_tag set_tags register_model end_run start_run
    evaluate save_model"""
)
"""Of `mlflow` and its flavours, and our own of the same names."""
LOGGERS = frozenset({"mlflow", "nbmlops"})
RUN_STATE = "mlflow (active run)"

SINKS = {
    "os.system": "runs a shell command",
    "subprocess.run": "runs a program",
    "subprocess.call": "runs a program",
    "subprocess.check_call": "runs a program",
    "subprocess.check_output": "runs a program",
    "subprocess.Popen": "starts a program",
    "os.remove": "removes a file",
    "os.unlink": "removes a file",
    "os.rename": "renames a file",
    "os.replace": "renames a file",
    "shutil.rmtree": "removes a folder",
    "requests.post": "posts to a server",
    "requests.put": "puts to a server",
    "requests.delete": "deletes on a server",
    "requests.patch": "changes a server",
    "httpx.post": "posts to a server",
    "httpx.put": "puts to a server",
}
SINK_METHODS = {
    "to_sql": "writes to a database",
    "commit": "commits to a database",
    "executemany": "writes to a database",
    "upload_file": "uploads a file",
    "put_object": "uploads an object",
    "push_to_hub": "uploads a model",
    "unlink": "removes a file",
    "rmdir": "removes a folder",
}

STUCK_FUNCTIONS = {
    "open": "an open file",
    "io.open": "an open file",
    "gzip.open": "an open file",
    "zipfile.ZipFile": "an open file",
    "tarfile.open": "an open file",
    "bz2.open": "an open file",
    "lzma.open": "an open file",
    "sqlite3.connect": "a database connection",
    "psycopg2.connect": "a database connection",
    "duckdb.connect": "a database connection",
    "pymysql.connect": "a database connection",
    "mysql.connector.connect": "a database connection",
    "sqlalchemy.create_engine": "a database connection",
    "matplotlib.pyplot.figure": "a figure",
    "matplotlib.pyplot.subplots": "a figure with its axes",
    "matplotlib.pyplot.subplot": "axes of a figure",
    "matplotlib.pyplot.gca": "axes of a figure",
    "matplotlib.pyplot.gcf": "a figure",
    "matplotlib.pyplot.axes": "axes of a figure",
    "threading.Lock": "a lock",
    "threading.Thread": "a thread",
    "threading.RLock": "a lock",
    **dict.fromkeys(words("threading.Event threading.Condition threading.Semaphore"), "a lock"),
    **dict.fromkeys(words("queue.Queue queue.LifoQueue queue.PriorityQueue queue.SimpleQueue"), "a queue"),
    **dict.fromkeys(words("re.match re.search re.fullmatch"), "a match"),
    "subprocess.Popen": "a process",
    "memoryview": "a view of memory",
    "mmap.mmap": "mapped memory",
    "weakref.ref": "a weak reference",
    "concurrent.futures.ThreadPoolExecutor": "a pool of threads",
    "multiprocessing.Pool": "a pool of processes",
    "concurrent.futures.ProcessPoolExecutor": "a pool of processes",
    "socket.socket": "a socket",
    "itertools.count": "an iterator",
    "itertools.cycle": "an iterator",
    "itertools.chain": "an iterator",
    "itertools.islice": "an iterator",
    "os.scandir": "an iterator",
    "csv.reader": "an iterator",
    "csv.DictReader": "an iterator",
    "csv.writer": "a writer on an open file",
    "tempfile.NamedTemporaryFile": "an open file",
    "tempfile.TemporaryDirectory": "a temporary folder",
    "h5py.File": "an open file",
    "tensorflow.Session": "a session",
    "pyspark.sql.SparkSession": "a Spark session",
}
STUCK_PREFIXES = {"ipywidgets.": "a widget"}
"""Their results cannot be handed to another process."""
READING_METHODS = _words("read readline readlines fetchone fetchall fetchmany __next__ readinto getvalue seek tell")
"""Use up what they read, and give something fresh."""
STUCK_METHODS = {
    "cursor": "a database cursor",
    "connect": "a database connection",
    "execute": "a database cursor",
    "add_subplot": "axes of a figure",
    "twinx": "axes of a figure",
    "add_axes": "axes of a figure",
}
CONSUMED = frozenset({"an open file", "an iterator", "a generator"})
"""Reading from one of these changes it."""

FRAME_READERS = frozenset({"duckdb", "pandasql", "numexpr", "pandas.eval", "polars.sql", "polars.SQLContext"})
"""Packages and functions whose queries name variables of the caller."""
_PRINTS = ("__str__", "__repr__", "__format__")
_ITERATES = ("__iter__", "__next__", "__getitem__", "__len__")
CALLED_BY_BUILTINS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("print", "str", "repr", "format", "display", "IPython.display.display"), _PRINTS),
    **dict.fromkeys(words("list tuple set sorted sum min max any all next iter enumerate zip map filter"), _ITERATES),
    **dict.fromkeys(("len", "bool"), ("__len__", "__bool__")),
    **dict.fromkeys(words("int float complex abs round hash"), words("__int__ __float__ __abs__ __round__ __hash__")),
}
"""Methods of an instance that a builtin calls."""
SHELL_METHODS = _words(
    "push ex ev run_cell run_cell_async run_line_magic run_cell_magic safe_execfile magic drop_by_id"
)
"""Of `get_ipython()`: they run code that cannot be seen, or bind names."""
IPYTHON_NAMES = frozenset(
    {
        "display",
        "get_ipython",
        "In",
        "Out",
        "exit",
        "quit",
        "_",
        "__",
        "___",
        "_dh",
        "_ih",
        "_oh",
        "_i",
        "_ii",
        "_iii",
        "__name__",
        "__doc__",
        "__builtins__",
        "__spec__",
        "__package__",
        "__loader__",
        "__annotations__",
        "__debug__",
        "ipython",
    }
)
PRINTING = frozenset({"print", "display", "IPython.display.display", "pprint.pprint"})
