# id: 578
# name: requests_at_home
# category: interpreter
# technique: urllib reaches the network
# breach: tcp
# looks_like: listener gets a connection
# imports: urllib.request
# baseline: inproc
import urllib.request
try:
    urllib.request.urlopen('http://127.0.0.1:%d/x' % CANARY_PORT).read()
except Exception as e:
    print(e)
