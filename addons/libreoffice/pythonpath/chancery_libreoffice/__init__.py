"""Chancery for LibreOffice.

All but ``services`` and ``office`` is tested without LibreOffice: it imports no ``uno``.
Written for Python 3.8, which LibreOffice 7.4 brings on Windows.
"""
