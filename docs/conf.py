"""Sphinx: Markdown pages as they stand, numpydoc's API pages, and a gallery whose code is run."""

import os

import sklearn_slr

# Figures come from code that is run here, beside whatever else the machine does.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

project = "sklearn_slr"
author = "The sklearn_slr developers"
copyright = "The sklearn_slr developers, BSD-3-Clause"
release = version = sklearn_slr.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "auto_examples/**/*.ipynb", "auto_examples/**/*.md5"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"^(?!plot_)",
    "abort_on_example_error": True,
    "min_reported_time": 5,
    "doc_module": ("sklearn_slr",),
    "backreferences_dir": "generated/backreferences",
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_slr"
html_show_sourcelink = False
html_theme_options = {"show_nav_level": 2, "navigation_with_keys": False}
nitpicky = False
