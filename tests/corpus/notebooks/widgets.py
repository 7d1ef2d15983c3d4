# %% [markdown]
# # Sliders
# %%
import ipywidgets as widgets
from IPython.display import display, HTML, clear_output
display(HTML("<h3>Choose</h3>"))
# %%
slider = widgets.IntSlider(value=3, min=1, max=9, description="k")
button = widgets.Button(description="go")
out = widgets.Output()
def clicked(b):
    with out:
        clear_output()
        print("clicked")
button.on_click(clicked)
widgets.VBox([slider, button, out])
# %%
@widgets.interact(n=(1, 5))
def show(n=2):
    print("*" * n)
# %% [markdown]
# ## Use the value
# %%
k = slider.value
squares = [i ** 2 for i in range(k)]
# %% [markdown]
# ## Sum
# %%
total = sum(squares)
total
