"""Rules for the documents that repeat what the code says."""
import sys

import house

sys.path.insert(0, str(house.ROOT / "tools"))
import optimizer_table


def the_optimizer_tables_are_current(files):
    if optimizer_table.PAGE not in files:
        return ["%s is not there" % optimizer_table.PAGE]
    written = optimizer_table.split_page(files[optimizer_table.PAGE])[1]
    expected = optimizer_table.tables(files.__getitem__)
    return [] if written == expected else ["%s: not what %s says: run tools/optimizer_table.py --update" % (optimizer_table.PAGE, optimizer_table.LIST)]


RULES = [the_optimizer_tables_are_current]
