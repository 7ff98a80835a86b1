"""CodiEsp: Spanish clinical cases coded in ICD-10, with the evidence for every code.

`release` reads the files of one split (texts, codes, and spans in the Spanish texts); `preparing` turns the
release into a corpus, in Spanish or in its machine translation into English.
"""
