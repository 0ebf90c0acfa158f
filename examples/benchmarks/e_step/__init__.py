"""How fast is one E step with a neural net?"""
