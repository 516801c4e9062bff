from django.db import models


class Label(models.Model):
    name = models.CharField(max_length=40)

    def __str__(self):
        return self.name


class Note(models.Model):
    title = models.CharField(max_length=80)
    label = models.ForeignKey(Label, null=True, blank=True, on_delete=models.SET_NULL)
    file = models.FileField(upload_to="notes")

    def __str__(self):
        return self.title
