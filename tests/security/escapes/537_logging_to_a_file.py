# id: 537
# name: logging_to_a_file
# category: interpreter
# technique: logging.FileHandler
# breach: file
# looks_like: CANARY_FILE is created
# imports: logging
# baseline: inproc
import logging
logging.FileHandler(CANARY_FILE).emit(logging.makeLogRecord({'msg': 'x'}))
