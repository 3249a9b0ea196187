"""Tests of what does not have to know LibreOffice.

    python3 -m unittest discover -s addons/libreoffice -t addons/libreoffice

``test_real`` needs a person's home with real servers and runs with
``cargo xtask test``, which makes one.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: Where the texts are.
TEXTS = os.path.join(_ROOT, "texts")
sys.path.insert(0, os.path.join(_ROOT, "pythonpath"))
