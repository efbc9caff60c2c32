"""Finds the packages: the folders at the top of the repository are those of gradparity.

The rest is in pyproject.toml, which can find packages but not give them another name.
"""

from setuptools import find_packages, setup

#: package → its folder. A folder called gradparity at the top would shadow what is installed.
FOLDERS = {
    "gradparity": "front",
    "gradparity.refimpl": "refimpl",
    "gradparity.cases": "cases",
    "gradparity.adapters": "adapters",
    "gradparity.verify": "verify",
    "gradparity.reports": "reports",
}

setup(
    packages=[
        name
        for package, folder in FOLDERS.items()
        for name in (package, *(f"{package}.{inner}" for inner in find_packages(folder)))
    ],
    package_dir=FOLDERS,
)
