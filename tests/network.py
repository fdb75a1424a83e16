#!/usr/bin/env python3
"""eventctl over TLS and through a proxy: whom it trusts, and that nothing goes past the proxy.

  network.py [--eventctl FILE] [--sandbox FILE]

A TLS terminator and a forward proxy of our own stand before a sandbox, on loopback.
"""
import argparse
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading

LIMIT_S = 120


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def join(client, server):
    back = threading.Thread(target=pump, args=(server, client), daemon=True)
    back.start()
    pump(client, server)
    back.join()


class Relay(socketserver.ThreadingTCPServer):
    """Takes connections and hands each to `serve(connection)` in a thread of its own."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, serve):
        super().__init__(("127.0.0.1", 0), None)
        self.serve = serve
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        self.serve(request)

    @property
    def port(self):
        return self.server_address[1]


def certificate(folder, name, host):
    """A self-signed certificate for one host name."""
    key, cert = os.path.join(folder, name + ".key"), os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=" + host,
                    "-addext", "subjectAltName=DNS:" + host, "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return key, cert


class Network:
    def __init__(self, options, folder):
        self.options, self.folder, self.passed, self.failed = options, folder, 0, 0
        self.sandbox = subprocess.Popen(
            [options.sandbox, "--listen", "127.0.0.1:0", "--exit-with-parent"],
            stdout=subprocess.PIPE, encoding="utf-8")
        host, _, port = self.sandbox.stdout.readline().strip()[len("http://"):].partition(":")
        self.address = (host, int(port))
        self.proxied = []

    def terminator(self, name, host):
        key, cert = certificate(self.folder, name, host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)

        def serve(connection):
            try:
                tls = context.wrap_socket(connection, server_side=True)
            except OSError:  # the client would not have it
                return
            with socket.create_connection(self.address) as server:
                join(tls, server)

        return Relay(serve).port, cert

    def proxy(self):
        """Understands CONNECT alone: that is how HTTPS goes through a proxy."""
        def serve(connection):
            head = b""
            while b"\r\n\r\n" not in head and (data := connection.recv(4096)):
                head += data
            method, target = head.split(b" ", 2)[:2]
            self.proxied.append((method + b" " + target).decode())
            port = int(target.decode().rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port)) as server:
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                join(connection, server)

        return Relay(serve).port

    def eventctl(self, url, *arguments, **environment):
        base = {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C.UTF-8",
                "EVENTCTL_API_URL": url, "EVENTCTL_LOGIN_URL": url,
                "EVENTCTL_CLIENT_ID": "sandbox-client",
                "EVENTCTL_CLIENT_SECRET": "sandbox-secret"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                base[name] = os.environ[name]
        return subprocess.run([self.options.eventctl, "auth", "status", "--no-token-cache",
                               "--retries", "0", *arguments], env={**base, **environment},
                              capture_output=True, encoding="utf-8", timeout=LIMIT_S, check=False)

    def expect(self, what, run, code, text=""):
        good = run.returncode == code and text in run.stdout + run.stderr
        self.passed += good
        if not good:
            self.failed += 1
            print(f"FAIL {what}: exit {run.returncode}\n{run.stdout}{run.stderr}")

    def play(self):
        port, cert = self.terminator("good", "localhost")
        wrong_port, wrong_cert = self.terminator("wrong", "genesys.example")
        proxy = self.proxy()
        url = f"https://localhost:{port}"
        self.expect("a CA file is trusted", self.eventctl(url, "--ca-file", cert), 0, "acme-dev")
        self.expect("a CA file by environment", self.eventctl(url, EVENTCTL_CA_FILE=cert), 0)
        self.expect("an unknown CA is refused", self.eventctl(url), 1, "certificate")
        self.expect("another host's certificate is refused",
                    self.eventctl(f"https://localhost:{wrong_port}", "--ca-file", wrong_cert), 1)
        self.expect("a CA file that is not there", self.eventctl(url, "--ca-file", "/none"), 1)
        self.expect("plain HTTP is for this machine alone",
                    self.eventctl("http://genesys.example"), 3, "loopback")
        self.expect("through a proxy", self.eventctl(
            url, "--ca-file", cert, "--proxy", f"http://127.0.0.1:{proxy}"), 0, "acme-dev")
        self.expect("through the environment's proxy", self.eventctl(
            url, "--ca-file", cert, https_proxy=f"http://127.0.0.1:{proxy}"), 0, "acme-dev")
        good = set(self.proxied) == {f"CONNECT localhost:{port}"} and len(self.proxied) >= 2
        self.passed += good
        self.failed += not good
        if not good:
            print("FAIL what the proxy saw:", self.proxied)
        self.expect("a proxy that is not there", self.eventctl(
            url, "--ca-file", cert, "--proxy", "http://127.0.0.1:1"), 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--eventctl", default="build/eventctl")
    parser.add_argument("--sandbox", default="build/genesys-sandbox")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        network = Network(options, folder)
        try:
            network.play()
        finally:
            network.sandbox.terminate()
            network.sandbox.wait(LIMIT_S)
            network.sandbox.stdout.close()
    print(f"{network.passed} passed, {network.failed} failed")
    return 1 if network.failed or not network.passed else 0


if __name__ == "__main__":
    sys.exit(main())
