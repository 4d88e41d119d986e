"""For authors of methods: a template, methods from a file, and a check of the contract.

`method_template.new_method` writes a file with a working method. `method_files.load_method_file`
loads the methods of a file that is not installed. `contract_check.check_method` checks in seconds
the properties that the harness needs.
"""
