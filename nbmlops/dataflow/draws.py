"""What draws random numbers, from which state, and what else comes out otherwise each time."""

from __future__ import annotations

from nbmlops.lib.words import words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SEEDS = {
    "numpy.random.seed": "numpy.random (global state)",
    "numpy.random.set_state": "numpy.random (global state)",
    "random.seed": "random (global state)",
    "random.setstate": "random (global state)",
    "torch.manual_seed": "torch.random (global state)",
    "torch.random.manual_seed": "torch.random (global state)",
    "torch.cuda.manual_seed": "torch.random (global state)",
    "tensorflow.random.set_seed": "tensorflow.random (global state)",
    "tf.random.set_seed": "tensorflow.random (global state)",
}
RNG_PREFIXES = {
    "numpy.random.": "numpy.random (global state)",
    "random.": "random (global state)",
    "torch.rand": "torch.random (global state)",
    "torch.nn.": "torch.random (global state)",
    "torch.utils.data.": "torch.random (global state)",
    "tensorflow.": "tensorflow.random (global state)",
}
NUMPY_RNG = "numpy.random (global state)"
RNG_FREE = frozenset(
    {
        "numpy.random.default_rng",
        "numpy.random.RandomState",
        "numpy.random.Generator",
        "numpy.random.SeedSequence",
        "numpy.random.get_state",
        "random.Random",
        "random.SystemRandom",
        "random.getstate",
        "torch.nn.Module",
    }
)
"""Members of those modules with a state of their own."""
OWN_RNG = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
"""Generators of one's own: seeded by their first argument."""
MIXED_RNG = frozenset({"torch.nn.", "torch.utils.data.", "tensorflow."})
"""Of these only some draw: no reason to name them."""
CHANCY_SKLEARN = _words(
    """RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor BaggingClassifier
    BaggingRegressor RandomTreesEmbedding IsolationForest MLPClassifier MLPRegressor SGDClassifier SGDRegressor
    Perceptron PassiveAggressiveClassifier KMeans MiniBatchKMeans BisectingKMeans GaussianMixture
    BayesianGaussianMixture TSNE ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit RandomizedSearchCV
    LatentDirichletAllocation TruncatedSVD FastICA BernoulliRBM DecisionTreeClassifier DecisionTreeRegressor
    ExtraTreeClassifier AdaBoostClassifier AdaBoostRegressor GradientBoostingClassifier GradientBoostingRegressor"""
)
"""Come out otherwise unless `random_state` is given or numpy's global state is seeded."""
_CLOCK = "reads the clock"
_NETWORK = "asks a server"
VARYING = {
    **dict.fromkeys(words("time.time time.time_ns time.monotonic time.perf_counter time.process_time"), _CLOCK),
    **dict.fromkeys(words("time.perf_counter_ns time.localtime time.gmtime time.ctime time.strftime"), _CLOCK),
    **dict.fromkeys(words("datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today"), _CLOCK),
    **dict.fromkeys(words("datetime.date.today pandas.Timestamp.now pandas.Timestamp.today"), _CLOCK),
    **dict.fromkeys(words("requests.get urllib.request.urlopen httpx.get requests.post"), _NETWORK),
    **dict.fromkeys(words("uuid.uuid1 uuid.uuid4 os.urandom secrets. tempfile."), "gives another value each time"),
    "os.getpid": "differs in each process",
}
"""Results that are others at the next run, by function or by the start of its name."""
DRAWING_METHODS = _words("fit fit_transform fit_predict sample permutation_importance fit_resample partial_fit")
DRAWING_SKLEARN = _words(
    """train_test_split shuffle resample cross_val_score cross_validate cross_val_predict
    permutation_importance learning_curve validation_curve permutation_test_score randomized_svd"""
)
"""Draw from numpy's global state unless `random_state` is given; so do sklearn's `make_...` functions."""
