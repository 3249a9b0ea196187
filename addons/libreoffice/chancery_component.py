"""Where LibreOffice begins. It compiles this file anew at every start, so there
is no more in it than the way to what Python keeps compiled."""

from chancery_libreoffice.services import g_ImplementationHelper  # noqa: F401
