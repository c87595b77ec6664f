"""The report card: what one run's model is, for a person to read. `evaluate` builds it and nothing else imports it.

Arrays and facts become one plain value (`facts.Card`); pure functions turn that into a page, a model card and JSON.
"""
