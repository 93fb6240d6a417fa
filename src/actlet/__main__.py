"""`python -m actlet`: the command, as `actlet`."""

import sys

from .cli import main

sys.exit(main())
