"""The local web page and the HTTP API: requests in, records out; all work is done by the pool's processes."""
