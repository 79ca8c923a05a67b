"""A class from outside: one stream client, one proxy that breaks things, raw sockets, the server as a program."""
