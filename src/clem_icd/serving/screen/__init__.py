"""The review screen: a work list and a page per encounter, on which coders judge what a model suggests.

Pages are rendered here, so that a browser shows them without any script; the script only makes them quick.
Every act of a coder is one request (``acts``), is stored before it is answered, and has the new state of the
encounter (``state``) as its answer. Who acts is known from a session (``sessions``), or from a proxy.
"""
