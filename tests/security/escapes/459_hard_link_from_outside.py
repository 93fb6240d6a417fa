# id: 459
# name: hard_link_from_outside
# category: os
# technique: a hard link into the work folder, then its mode
# breach: outside
# looks_like: KEEP_FILE has another name
# baseline: inproc
import os

os.link(KEEP_FILE, os.path.dirname(KEEP_FILE) + '/../work/hard' if not WORK_DIR else WORK_DIR + '/hard')
