"""What LibreOffice calls lets nothing out that would end LibreOffice."""

import functools
import sys
import traceback


def guarded(method):
    """The method, with nothing that comes out of it; what goes wrong is written
    where LibreOffice writes."""

    @functools.wraps(method)
    def without_trouble(*arguments):
        try:
            return method(*arguments)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return None

    return without_trouble
