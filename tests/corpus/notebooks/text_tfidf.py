# %% [markdown]
# # Which department should answer?
# %%
%matplotlib inline
import re
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.model_selection import train_test_split
from sklearn.metrics import classification_report, accuracy_score
# %% [markdown]
# ## Load
# %%
subjects = ["invoice", "refund", "payment", "card"]
troubles = ["crash", "error", "login", "screen"]
rng = np.random.default_rng(7)
rows = []
for i in range(80):
    label = "money" if i % 2 else "technical"
    words = subjects if label == "money" else troubles
    text = " ".join(rng.choice(words, 4)) + f" please help, ticket #{i}!"
    rows.append({"text": text, "label": label})
mails = pd.DataFrame(rows)
mails.sample(3, random_state=0)
# %%
mails.label.value_counts()
# %% [markdown]
# ## Clean
# %%
def clean(text):
    text = text.lower()
    text = re.sub(r"#\d+", " ", text)
    return re.sub(r"[^a-z ]", " ", text)

mails["clean"] = mails["text"].apply(clean)
mails.head()
# %% [markdown]
# ## Model
# %%
X_train, X_test, y_train, y_test = train_test_split(mails.clean, mails.label, test_size=.25, random_state=42, stratify=mails.label)
vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=1)
A = vectorizer.fit_transform(X_train)
B = vectorizer.transform(X_test)
clf = MultinomialNB(alpha=0.5)
clf.fit(A, y_train)
# %%
pred = clf.predict(B)
print(classification_report(y_test, pred))
accuracy = accuracy_score(y_test, pred)
# %%
top = np.argsort(clf.feature_log_prob_[0])[-5:]
[vectorizer.get_feature_names_out()[i] for i in top]
