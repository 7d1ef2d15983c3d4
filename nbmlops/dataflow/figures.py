"""Pyplot's current figure: which functions begin one, draw on it, end it, or choose how it looks."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PYLAB = ("pylab.", "matplotlib.pylab.")
_PYLAB_MODULES = {"np": "numpy", "numpy": "numpy", "plt": "matplotlib.pyplot", "pyplot": "matplotlib.pyplot"}
_PYLAB_DRAWS = _words("seed rand randn randint normal uniform choice shuffle permutation poisson binomial random")


def without_pylab(dotted: str) -> str:
    """`pylab.plot` is pyplot's, `pylab.rand` and `pylab.zeros` are numpy's."""
    for prefix in _PYLAB:
        if dotted.startswith(prefix):
            name = dotted.removeprefix(prefix)
            if name in _PYLAB_MODULES:
                return _PYLAB_MODULES[name]
            if name in FIGURE_STARTERS | FIGURE_ENDERS | _FIGURE_WORDS:
                return f"matplotlib.pyplot.{name}"
            return f"numpy.random.{name}" if name in _PYLAB_DRAWS else f"numpy.{name}"
    return dotted


FIGURE = "matplotlib.pyplot (current figure)"
PYPLOT = "matplotlib.pyplot."
FIGURE_STARTERS = _words(
    """figure subplots subplot subplot_mosaic subplot2grid plot hist scatter bar barh boxplot violinplot
    pie imshow matshow contour contourf fill_between stackplot errorbar hexbin hist2d step stem semilogx
    semilogy loglog plot_date axes polar quiver pcolormesh spy ecdf stairs"""
)
FIGURE_ENDERS = _words("show close clf cla")
_FIGURE_WORDS = _words(
    """savefig title suptitle xlabel ylabel legend grid xlim ylim axis axvline axhline text annotate colorbar xticks
    yticks gca gcf tight_layout xscale yscale rc rcParams style"""
)
BACKEND_CHOICES = frozenset({"matplotlib.use", "matplotlib.pyplot.switch_backend"})
FIGURE_SETTINGS = (
    "matplotlib.pyplot.style.",
    "matplotlib.pyplot.rc",
    "matplotlib.pyplot.ion",
    "matplotlib.pyplot.ioff",
    "matplotlib.pyplot.switch_backend",
    "matplotlib.pyplot.set_cmap",
    "matplotlib.use",
    "matplotlib.rc",
    "matplotlib.style.",
)
PANDAS_PLOTS = _words("plot hist boxplot")
NOT_DRAWING = _words("cm get_cmap colormaps get_fignums Line2D Figure Circle Rectangle Normalize")
