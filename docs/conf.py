"""How the documentation is built: ``make docs``."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "gradparity"
author = "the gradparity authors"
release = version = metadata.version("gradparity")
copyright = author  # noqa: A001  Sphinx's name

extensions = ["myst_parser", "building"]
myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_heading_anchors = 4
nitpicky = True
# The pages that the build writes are read as the others are.
exclude_patterns = ["building", "generated/parts"]
# Sessions and derivations are text; what is no Python, YAML or shell is not coloured.
highlight_language = "text"

html_theme = "furo"
html_title = "gradparity"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
pygments_style = "default"
pygments_dark_style = "github-dark"
