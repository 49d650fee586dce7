# %% [markdown]
# # A folder, read
#
# Six lines from nothing to a table of what a folder of documents says.
#
# It needs `docmill[documents,pandas]`. From the root of the repository:
#
# ```sh
# uv run --extra documents --extra pandas --with jupyterlab --with jupytext jupyter lab examples/notebooks
# ```
#
# and there *Open With*, *Notebook*.

# %%
from pathlib import Path

from docmill.blocking import process_documents
from docmill.documents import standard_processors

names = [path.name for path in Path("../documents").glob("*.pdf")]
job = process_documents(names, standard_processors("../documents")["DATA_EXTRACTION"])
job

# %% [markdown]
# One row a document. The two that cannot be read say why.

# %%
job.to_pandas(expand=True)[["document_id", "success", "page_count", "processing_time", "error"]]
