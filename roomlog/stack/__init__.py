"""The whole of Roomlog on one machine: real servers and every service, started and watched together.

`Stack` is the door for programs and tests; `roomlog up` goes through the same one. A supervisor process
(`roomlog.stack.supervisor`) owns every child; what starts it reads its progress from a pipe.
"""

from roomlog.stack.client import Stack
from roomlog.stack.errors import StackError
from roomlog.stack.spec import Spec

__all__ = ["Spec", "Stack", "StackError"]
