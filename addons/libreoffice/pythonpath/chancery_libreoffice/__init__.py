"""Chancery for LibreOffice: what does not have to know LibreOffice.

Nothing in here imports ``uno``, so that all of it is tested by itself.
Written for Python 3.8, which LibreOffice 7.4 brings on Windows.
"""
