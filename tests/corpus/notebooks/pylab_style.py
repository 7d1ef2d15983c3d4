# %% [markdown]
# # Old style
# %%
%pylab inline
# %% [markdown]
# ## Signal
# %%
seed(3)
t = linspace(0, 1, 200)
signal = sin(2 * pi * 5 * t) + 0.1 * randn(200)
# %%
figure()
plot(t, signal)
xlabel("t")
show()
# %% [markdown]
# ## Spectrum
# %%
spectrum = abs(fft.rfft(signal))
peak = int(argmax(spectrum))
print(peak)
