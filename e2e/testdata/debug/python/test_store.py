"""An integration test as pytest runs it: an order in the shop's real Redis."""
import json
import os
import socket


def test_store():
    host, port = os.environ["REDIS_ADDR"].split(":")
    token = os.environ["API_TOKEN"]
    order = json.dumps({"item": "pytest", "token": len(token)})  # breakpoint
    with socket.create_connection((host, int(port))) as redis:
        redis.sendall(b"*3\r\n$5\r\nLPUSH\r\n$11\r\nshop:orders\r\n$%d\r\n%s\r\n" % (len(order), order.encode()))
        assert redis.recv(64).startswith(b":")
