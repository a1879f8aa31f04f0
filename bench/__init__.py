"""Side by side on one machine, in one run: our server, Node `socket.io`, `python-socketio` on uvicorn.

__main__    what is run, in which order, and what is printed
servers     starting the three, and reading what they used from /proc
swarm       the load: thousands of clients on one epoll, the same for all three
tokens      the JWTs that all three verify
fanout      CPU per delivered event, latency
joining     connections per CPU second, memory per client
durable     what only ours does: messages on disk, idle acknowledgements, catching up
report      the table, the ratios, the JSON
peers/      the other two servers
"""
