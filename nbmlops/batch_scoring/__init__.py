"""Files of rows, scored by a model: in parts, by several processes, in the order in which they came.

What is kept while it goes on lies beside the output, so that it can go on later (`work_folder.py`).
"""
