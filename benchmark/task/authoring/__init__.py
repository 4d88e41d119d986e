"""For authors of methods: a template, methods from a file, and a check of the contract.

`method_template.new_method` writes a file that works. `method_files.load_method_file` reads methods
from a file without installing it. `contract_check.check_method` tries in seconds what the harness
relies on.
"""
