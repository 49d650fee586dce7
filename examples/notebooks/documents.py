# %% [markdown]
# # Invoices, from a folder to figures
#
# Extract what a folder of documents says, watch it happen, look at it as a table and as a picture, try again what
# failed, and compare two ways to read.
#
# It needs `docmill[documents,pandas,plot]`. From the root of the repository:
#
# ```sh
# uv run --extra documents --extra pandas --extra plot --with jupyterlab --with jupytext jupyter lab examples/notebooks
# ```
#
# and there *Open With*, *Notebook*.

# %%
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
from IPython.display import Image

from docmill import DocumentProcessingQueue, JobOptions
from docmill.documents import DataExtraction, FolderSource, PagePictures
from docmill.notebook import watch
from docmill.timeline import plot_timeline

# %% [markdown]
# A copy of the example documents, since one of them is to be mended further down.

# %%
folder = Path(mkdtemp(prefix="docmill-"))
for path in Path("../documents").iterdir():
    if path.suffix in {".pdf", ".docx", ".png"}:
        shutil.copy(path, folder)
names = sorted(path.name for path in folder.iterdir())
len(names)

# %% [markdown]
# ## A queue
#
# A job type is a name for a way to process a document. Here are three: two that extract, with and without the XML
# that some invoices carry, and one that draws pages. They run in worker processes, where a broken file harms nobody.

# %%
source = FolderSource(folder)
pictures = Path(mkdtemp(prefix="docmill-pictures-"))
queue = DocumentProcessingQueue(
    {
        "EXTRACT": DataExtraction(source),
        "EXTRACT_PRINTED": DataExtraction(source, embedded_xml=False),
        "DRAW": PagePictures(source, pictures),
    }
)
options = JobOptions(max_concurrent=3, retry_delay=0.5, document_timeout=60.0)

# %% [markdown]
# ## Extract
#
# The card keeps itself up to date while the cell runs. To interrupt the cell cancels the job; what was done by then
# is kept.

# %%
job = await watch(queue, await queue.create_job(names, "EXTRACT", options))

# %% [markdown]
# ## A table


# %%
def amounts(job: Any) -> pd.DataFrame:
    """The fields of each document that was read, without where on its page they were found."""
    table = job.to_pandas(expand=True).set_index("document_id")
    table = table[table["success"].eq(True)]
    fields = ["document_type", "invoice_number", "issue_date", "currency", "gross_total"]
    return table[fields].map(lambda found: found["value"] if isinstance(found, dict) else found)


amounts(job)

# %% [markdown]
# ## Where the time went

# %%
axes = plot_timeline(job)

# %% [markdown]
# ## What failed, and another try
#
# One file is broken and one is encrypted. Say that somebody has sent the broken one again:

# %%
job.to_pandas().query("success == False")[["document_id", "code", "error"]]

# %%
broken = next(failure.document_id for failure in job.errors if "Corrupt" in failure.error)
shutil.copy(folder / "invoice-de.pdf", folder / broken)
again = await watch(queue, await queue.retry_job(job.id))

# %%
amounts(again)

# %% [markdown]
# ## Two runs, compared
#
# Some invoices carry their content as XML, too. Does the paper say the same?

# %%
printed = await watch(queue, await queue.create_job(names, "EXTRACT_PRINTED", options))
before, after = amounts(job), amounts(printed)
differs = before.compare(after.reindex(before.index), result_names=("with XML", "printed"))
differs

# %% [markdown]
# The last one, as a person sees it:

# %%
drawn = await queue.wait(await queue.create_job([str(differs.index[-1])], "DRAW"))
page = drawn.results[0].data
Image(filename=Path(page["folder"], page["pages"][0]["file"]), width=500)

# %%
await queue.aclose()
